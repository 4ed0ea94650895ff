// @ts-check
// Short ways to elements of the page.

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/**
 * Makes an element with properties and children.
 * @param {string} name @param {Record<string, any>} [properties] @param {(Node | string)[]} children
 * @returns {any}
 */
export function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Makes a button. @param {string} text @param {() => void} clicked */
export function makeButton(text, clicked) {
  const button = make("button", { type: "button", textContent: text });
  button.addEventListener("click", clicked);
  return button;
}

/** Sets a text, if it is another one: the browser lays out less. @param {any} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Whether a key in this element is for the element itself. @param {EventTarget | null} target */
export function takesKeys(target) {
  return target instanceof HTMLElement && target.matches("input, select, textarea");
}
