import type { ServerName, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';

/** By user and device; the device `*` stands for all of the user's. */
export type Mail = ReadonlyMap<UserId, Readonly<Record<string, JsonObject>>>;

/** Whether what is left for another server gets there. */
export type Reaches = (server: ServerName) => boolean;
