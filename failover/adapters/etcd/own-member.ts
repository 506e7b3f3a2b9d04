import { join } from 'node:path';
import { FOUND_ON_COPY, type FoundOnCopy } from '../../core/alone-order.ts';
import type { KeyNames } from '../../core/etcd/names.ts';
import { type Found, readView } from '../../core/etcd/reading.ts';
import type { Looked, OwnEtcd } from '../../core/recovery/promotion.ts';
import type { Site } from '../../core/view.ts';
import { reachedOf } from '../takes-connections.ts';
import { bootId, uptimeS } from '../this-boot.ts';
import { textOf } from '../word.ts';
import type { Gateway } from './gateway.ts';
import { foundIn, type Header, type KeyValue, rangesOf } from './json.ts';

/** What is looked at on a copy. */
export const lookedAt = (names: KeyNames): readonly object[] => rangesOf(names);

interface Listed {
  readonly ID: string;
  readonly name?: string;
  readonly isLearner?: boolean;
  readonly clientURLs?: readonly string[];
  readonly peerURLs?: readonly string[];
}

interface Asked {
  readonly gateway: Pick<Gateway, 'askOwn'>;
  readonly names: KeyNames;
  readonly site: Site;
  readonly runtimeDir: string;
  /** The client URLs of etcd's other members, by the settings. */
  readonly others: readonly string[];
  /** Of other programs of the other sites, such as their agents. */
  readonly besides: readonly string[];
  readonly withinMs: number;
}

/** Who is beside it is tried also where the own member says nothing: it may decide with the other all the same. */
export async function lookedAround(asked: Asked): Promise<Pick<Looked, 'own' | 'beside'>> {
  const [own, { reached }] = await Promise.all([
    ownEtcd(asked),
    triedAt(hostsOf([...asked.others, ...asked.besides]), asked.withinMs),
  ]);
  return { own, beside: { members: asked.others.length + 1, reached } };
}

/**
 * What etcd's member of this machine has, as it was found on a copy: with that which it does not know to be confirmed, and also where it says
 * nothing, as one does that was started while it could hear too few others. Before somebody had that looked at, and where etcd goes on
 * or is this member alone, it is what it says itself. Null where nothing is known.
 */
async function ownEtcd(asked: Asked): Promise<OwnEtcd | null> {
  const says = await asItSays(asked);
  if (says !== null && (says.hasLeader || says.members.length === 1)) return says;
  const found = await asWasFound(asked);
  return found !== null && found.revision >= (says?.revision ?? 0) ? found : says;
}

async function asItSays(asked: Asked): Promise<OwnEtcd | null> {
  const { gateway, names } = asked;
  try {
    const status = await gateway.askOwn<{ header: Header; leader?: string }>(
      '/v3/maintenance/status',
      {},
    );
    const { members = [] } = await gateway.askOwn<{ members?: readonly Listed[] }>(
      '/v3/cluster/member/list',
      { linearizable: false },
    );
    const { header, found } = await allOf(gateway, names);
    const doors = doorsOf(members, header.member_id, asked);
    const shown = { clusterId: header.cluster_id, revision: Number(header.revision) };
    return {
      ...shown,
      memberId: header.member_id,
      voters: members.filter(({ isLearner }) => isLearner !== true).map(({ ID }) => ID),
      ...{ isWhole: false, hasLeader: (status.leader ?? '0') !== '0' },
      members: members.map(({ ID: id, name = '', isLearner = false }) => ({ id, name, isLearner })),
      ...seenIn(shown, found, names),
      ...(await triedAt(doors, asked.withinMs)),
    };
  } catch {
    return null;
  }
}

/** Of this start of the machine, and not of long ago: nobody decides anything here meanwhile, and who thinks may take his time. */
const FOUND_GOOD_FOR_S = 900;
const FOUND_BYTES_MAX = 4 * 1024 * 1024;

async function asWasFound({
  site,
  names,
  others,
  besides,
  runtimeDir,
  withinMs,
}: Asked): Promise<OwnEtcd | null> {
  try {
    const text = await textOf(join(runtimeDir, 'etcd', FOUND_ON_COPY), FOUND_BYTES_MAX);
    const { boot, atS, sites, kvs, ...own } = JSON.parse(text) as FoundOnCopy;
    const isOld = uptimeS() - atS > FOUND_GOOD_FOR_S;
    // What its data say and what its settings say must be the same, or nobody knows who its others are.
    if (boot !== bootId() || isOld || sites.length !== own.voters.length) return null;
    const found = kvs.map((each) => foundIn(each as KeyValue));
    const beside = sites.filter(({ name }) => name !== site);
    const ids = own.voters.filter((id) => id !== own.memberId);
    const doors = hostsOf([...beside.map(({ peerUrl }) => peerUrl), ...others, ...besides]);
    return {
      ...own,
      ...{ isWhole: true, hasLeader: false },
      members: [
        { id: own.memberId, name: site, isLearner: false },
        // Of two, the other one.
        ...ids.map((id, index) => ({ id, name: beside[index]!.name, isLearner: false })),
      ],
      ...seenIn(own, found, names),
      ...(await triedAt(doors, withinMs)),
    };
  } catch {
    return null;
  }
}

const seenIn = (
  header: { clusterId: string; revision: number },
  found: readonly Found[],
  names: KeyNames,
) => {
  const revisionOf = (name: string): number => found.find(({ key }) => key === name)?.revision ?? 0;
  return {
    view: readView(header, found, names),
    revisions: {
      sync: revisionOf(names.patroniSync),
      timelines: revisionOf(names.timelines),
      incarnation: revisionOf(names.incarnation),
    },
  };
};

async function triedAt(doors: readonly string[], withinMs: number) {
  return { doors, reached: await reachedOf(doors, withinMs) };
}

async function allOf(gateway: Asked['gateway'], names: KeyNames) {
  const success = rangesOf(names).map((range) => ({
    request_range: { ...range, serializable: true },
  }));
  const { header, responses = [] } = await gateway.askOwn<{
    header: Header;
    responses?: readonly { response_range?: { kvs?: readonly KeyValue[] } }[];
  }>('/v3/kv/txn', { success });
  return {
    header,
    found: responses.flatMap((each) => each.response_range?.kvs ?? []).map(foundIn),
  };
}

const doorsOf = (
  members: readonly Listed[],
  own: string,
  { others, besides }: Asked,
): readonly string[] => {
  const beside = members.filter(({ ID }) => ID !== own);
  const urls = beside.flatMap(({ clientURLs = [], peerURLs = [] }) => [...clientURLs, ...peerURLs]);
  return hostsOf([...urls, ...others, ...besides]);
};

const hostsOf = (urls: readonly string[]): readonly string[] => [
  ...new Set(urls.map((url) => new URL(url).host)),
];
