/* Elements of a page, and numbers for reading. */

export const at = (id) => document.getElementById(id);
export const write = (id, text) => { at(id).textContent = text; };

/* An element with properties, or attributes where a name has a dash or is a role, and what it holds. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  Object.entries(properties).forEach(([name, value]) => {
    if (name.includes('-') || name === 'role') element.setAttribute(name, value);
    else element[name] = value;
  });
  element.append(...children);
  return element;
}

/* Digits with a true minus sign. */
export const number = (value, digits = 0) => {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace('-', '') : text).replace('-', '\u2212');
};
