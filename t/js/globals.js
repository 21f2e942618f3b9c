// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/* What browsers have and Node 18 lacks. */

import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
