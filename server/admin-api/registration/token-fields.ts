import { z } from 'zod';
import { notFound } from '../../http/matrix-error.ts';

/** As the specification has registration tokens. */
export const tokenText = z.string().regex(/^[A-Za-z0-9._~-]{1,64}$/, 'is no registration token');
export const usesAllowed = z.int().nonnegative().max(2_147_483_647).nullable().optional();
export const expiryTime = z.int().nonnegative().nullable().optional();

/** As the audit names a token: whoever reads that may not register by it. */
export const namedToken = (token: string): string => `${token.slice(0, token.length >> 2)}…`;

export const noSuchToken = () => notFound('No such registration token');
