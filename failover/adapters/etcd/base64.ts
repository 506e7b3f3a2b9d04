/** As etcd's JSON gateway wants keys and values. */
export const base64 = (text: string): string => Buffer.from(text).toString('base64');
export const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString();
