import { z } from 'zod';

export const WELL_KNOWN = '/.well-known/matrix/client';

const told = z.looseObject({ 'm.homeserver': z.looseObject({ base_url: z.string() }) });

/** Where clients are sent by what is said there; null where that is no such answer. */
export function baseUrlIn(said: unknown): string | null {
  const { data } = told.safeParse(said);
  return data === undefined ? null : data['m.homeserver'].base_url.replace(/\/+$/, '');
}
