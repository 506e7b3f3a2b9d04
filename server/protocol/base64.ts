/** Base64 as the appendix has it: written without padding, read with or without. */
export const unpaddedBase64 = (bytes: Uint8Array): string =>
  withoutPadding(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'));

export const withoutPadding = (base64: string): string => base64.replace(/=+$/, '');

/** Either alphabet; undefined for what is no Base64 (Buffer.from would skip over it). */
export const decodeBase64 = (text: string): Buffer | undefined =>
  BASE64.test(text) && withoutPadding(text).length % 4 !== 1
    ? Buffer.from(text, 'base64')
    : undefined;

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
