// What the linter asks of the JavaScript of the pages. TypeScript checks the names and the types.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node, operations: "readonly", library: "readonly" } },
    rules: {
      eqeqeq: "error",
      "max-lines-per-function": ["error", 60],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-self-compare": "off", // NaN alone differs from itself
      "no-shadow": "error",
      "no-unused-vars": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
];
