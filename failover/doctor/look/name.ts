import { lookup } from 'node:dns/promises';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { PublicName, Resolved } from '../facts.ts';
import { within } from '../within.ts';

const server = z.looseObject({ serverName: z.string(), publicUrl: z.url().optional() });

/**
 * Which name this site serves: as told by hand, or as the configuration of its server says, which lies beside that of
 * the agent. Null on a machine that has none, as a witness.
 */
export function publicNameOf(failoverFile: string, told: string | undefined): PublicName | null {
  if (told !== undefined) return { serverName: told, publicUrl: `https://${told}` };
  const file = join(dirname(failoverFile), 'server.yml');
  if (!existsSync(file)) return null;
  const { serverName, publicUrl } = server.parse(parse(readFileSync(file, 'utf8')));
  return { serverName, publicUrl: (publicUrl ?? `https://${serverName}`).replace(/\/+$/, '') };
}

/** As programs of this machine resolve it, /etc/hosts included. */
export async function resolve(host: string): Promise<Resolved> {
  if (isIP(host)) return { kind: 'addresses', addresses: [host] };
  try {
    const found = await within(lookup(host, { all: true }));
    return { kind: 'addresses', addresses: [...new Set(found.map(({ address }) => address))] };
  } catch (error) {
    return { kind: 'nothing', why: whyNot(error) };
  }
}

function whyNot(error: unknown): string {
  switch ((error as { code?: string }).code) {
    case 'ENOTFOUND':
      return 'the name servers know no such name';
    case 'EAI_AGAIN':
      return 'no name server answers';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
