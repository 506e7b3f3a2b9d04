import { jsonObject } from '../../http/fields.ts';

/**
 * One event, which has at most 65,536 bytes as canonical JSON. Others may write it with white space, and each character that is none of
 * ASCII in six bytes, thrice as many as it has; and `unsigned` does not count.
 */
const BYTES_MAX = 262_144;

export const eventBody = { json: jsonObject, bytesMax: BYTES_MAX };

/** And what an invite tells of the state of its room. */
export const INVITE_BYTES_MAX = 2 * BYTES_MAX;
