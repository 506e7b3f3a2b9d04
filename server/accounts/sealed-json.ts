import { createHmac, timingSafeEqual } from 'node:crypto';
import type { JsonObject } from '../protocol/json.ts';

/**
 * JSON that its holder can read and nobody but the cluster can make: what need not be remembered goes
 * out in it, and comes back at whichever writer there is then. One `purpose` does not pass for another.
 */
export function sealJson(purpose: string, value: object, secret: Buffer): string {
  const payload = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${payload}.${macOf(purpose, payload, secret).toString('base64url')}`;
}

/** Undefined for what is not of the cluster's making. */
export function openJson(purpose: string, sealed: string, secret: Buffer): JsonObject | undefined {
  const [payload = '', signature = ''] = sealed.split('.');
  const given = Buffer.from(signature, 'base64url');
  const right = macOf(purpose, payload, secret);
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as JsonObject;
}

export const macOf = (purpose: string, text: string, secret: Buffer): Buffer =>
  createHmac('sha256', secret).update(`${purpose}\0`).update(text).digest();
