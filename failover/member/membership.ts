import { type Pem, request } from '../promotion/request.ts';
import type { Member, Membership } from './replace.ts';

/** A removal waits for the log of the others, on their disks. */
const CHANGES_WITHIN_MS = 10_000;
/** Whoever has a majority answers at once. */
const LISTS_WITHIN_MS = 3_000;

interface Listed {
  readonly ID: string;
  readonly name?: string;
  readonly peerURLs?: readonly string[];
  readonly isLearner?: boolean;
}

/** By the gateway of the other members, the first that does it. */
export function membershipAt(urls: readonly URL[], pem: Pem | undefined): Membership {
  const ask = async (path: string, body: object): Promise<{ members?: readonly Listed[] }> => {
    const failures: string[] = [];
    for (const url of urls) {
      try {
        return await askAt(new URL(path, url), body, pem);
      } catch (error) {
        failures.push(`${url.host}: ${error instanceof Error ? error.message : error}`);
      }
    }
    throw new Error(failures.join('; '));
  };
  return {
    list: async () => {
      const { members = [] } = await ask('/v3/cluster/member/list', { linearizable: true });
      return members.map(memberOf);
    },
    remove: async (id) => void (await ask('/v3/cluster/member/remove', { ID: id })),
    add: async (peerUrl, isLearner) =>
      void (await ask('/v3/cluster/member/add', { peerURLs: [peerUrl], isLearner })),
  };
}

async function askAt(url: URL, body: object, pem: Pem | undefined) {
  const isList = url.pathname.endsWith('/list');
  const signal = AbortSignal.timeout(isList ? LISTS_WITHIN_MS : CHANGES_WITHIN_MS);
  const { status, json } = await request(url, { pem, body, signal });
  if (status === 200) return json as { members?: readonly Listed[] };
  throw new Error(`${url.pathname} is answered with ${status}, ${JSON.stringify(json)}`);
}

const memberOf = ({ ID, name = '', peerURLs = [], isLearner = false }: Listed): Member => ({
  ...{ id: ID, name, learner: isLearner },
  peerUrl: peerURLs[0] ?? '',
});
