// For the type checker: what javascript.py prints before the modules of a page.
declare const operations: Record<string, import("./floats.js").Operation>;
