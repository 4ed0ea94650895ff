"""The page on which a network learns: `nn.Playground` writes it, the modules of ``page`` run it."""
