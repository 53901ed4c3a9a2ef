// Making elements. Whatever comes from the server goes in as text, never as markup.

/**
 * An element with properties and children.
 *
 * properties: `class`, `data` (a mapping for data-…), `on` (a mapping of listeners), attributes with a dash
 * or `role` as they are, all else as properties of the element; those that are undefined are left out.
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "on")
      for (const [event, heard] of Object.entries(value)) element.addEventListener(event, heard);
    else if (name === "role" || name.includes("-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  if (tag === "button" && !properties.type) element.type = "button";
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

export const find = (id) => document.getElementById(id);

/** Text for a place that is written often: nothing is touched where nothing changes. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** "las-vegas" or "fade time" as a person writes a heading: "Las vegas", "Fade time". */
export function heading(name) {
  const words = name.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
