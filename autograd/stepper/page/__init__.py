"""The page that plays the frames of one pass: `Stepper`, its template, picture and folded steps."""
