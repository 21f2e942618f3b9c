// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Making elements.  Text goes in as text nodes only, style by CSSOM only
 * (the page's policy allows no inline style).
 */

/**
 * An element: `el("button.primary#save", {type: "button"}, "Save")`.
 * Attributes: true sets an empty one, false and null leave it out, functions
 * are listeners ("click"), `vars` sets CSS variables.
 * @param {string} spec tag, then .classes and one #id
 * @param {Record<string, any>} [attrs]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function el(spec, attrs = {}, ...children)
{
	const [tag] = spec.split(/[.#]/, 1);
	const node = document.createElement(tag);

	for (const [, mark, name] of spec.matchAll(/([.#])([\w-]+)/g))
		if (mark === "#")
			node.id = name;
		else
			node.classList.add(name);
	for (const [name, value] of Object.entries(attrs)) {
		if (typeof value === "function")
			node.addEventListener(name, value);
		else if (name === "vars")
			for (const [k, v] of Object.entries(value))
				node.style.setProperty(k, String(v));
		else
			setAttr(node, name, value);
	}
	for (const c of children)
		if (c !== null && c !== undefined && c !== false)
			node.append(c);
	return node;
}

/**
 * Set, or take away, an attribute.
 * @param {Element} node
 * @param {string} name
 * @param {unknown} value
 */
export function setAttr(node, name, value)
{
	if (value === false || value === null || value === undefined)
		node.removeAttribute(name);
	else
		node.setAttribute(name, value === true ? "" : String(value));
}

/**
 * The element with an id, which must be there.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id)
{
	const node = document.getElementById(id);

	if (node === null)
		throw new Error(`no #${id}`);
	return node;
}

/**
 * Like byId, for an input.
 * @param {string} id
 */
export function input(id)
{
	return /** @type {HTMLInputElement} */ (byId(id));
}

/**
 * A round badge with initials in somebody's colour.
 * @param {string} spec
 * @param {string} text
 * @param {string} color
 * @param {Record<string, any>} [attrs]
 */
export function badge(spec, text, color, attrs = {})
{
	return el(spec, { ...attrs, vars: { "--person": color } }, text);
}
