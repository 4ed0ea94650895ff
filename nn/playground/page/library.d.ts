// For the type checker: what page_data.py prints before the modules of the page.
declare const library: import("./network.js").Library;
