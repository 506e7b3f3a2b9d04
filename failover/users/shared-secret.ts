import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const server = z.looseObject({ registrationSharedSecret: z.string().nullish() });

/** What the server beside is told, by which whoever knows it makes accounts. One that is left empty is none. */
export function sharedSecretBeside(failoverFile: string): string | undefined {
  const file = join(dirname(failoverFile), 'server.yml');
  if (!existsSync(file)) return undefined;
  return server.parse(parse(readFileSync(file, 'utf8'))).registrationSharedSecret || undefined;
}
