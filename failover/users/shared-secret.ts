import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const server = z.looseObject({ registrationSharedSecret: z.string().min(1).optional() });

/** What the server beside is told, by which whoever knows it makes accounts. */
export function sharedSecretBeside(failoverFile: string): string | undefined {
  const file = join(dirname(failoverFile), 'server.yml');
  if (!existsSync(file)) return undefined;
  return server.parse(parse(readFileSync(file, 'utf8'))).registrationSharedSecret;
}
