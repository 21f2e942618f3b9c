/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */
/* What the page uses of htdocs/vendor/tabulator.js, loosely. */
export class Tabulator {
	static registerModule(modules: unknown): void;
	constructor(host: string | HTMLElement, options: object);
	[member: string]: any;
}
export const FormatModule: unknown;
export const FrozenColumnsModule: unknown;
export const ResizeColumnsModule: unknown;
export const ResizeTableModule: unknown;
