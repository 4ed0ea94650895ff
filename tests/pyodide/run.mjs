// Runs a Python script in Pyodide, the browser's Python. Arguments: the repository, the script.
import { loadPyodide } from "pyodide";

const [root, script] = process.argv.slice(2);
const python = await loadPyodide();
python.FS.mkdirTree("/project");
python.FS.mount(python.FS.filesystems.NODEFS, { root }, "/project");
python.runPython('import sys\nsys.path.insert(0, "/project")\nsys.dont_write_bytecode = True');
process.stdout.write(String(python.runPython(script)));
