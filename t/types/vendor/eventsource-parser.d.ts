/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */
/* What the page uses of htdocs/vendor/eventsource-parser.js. */
export function createParser(callbacks: {
	onEvent?: (message: { id?: string, event?: string, data: string }) => void,
	onRetry?: (ms: number) => void,
	onError?: (error: Error) => void,
	onComment?: (comment: string) => void,
}): { feed(chunk: string): void, reset(options?: { consume?: boolean }): void };
