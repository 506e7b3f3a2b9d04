import type { ServerName } from '../protocol/identifiers.ts';
import type { Config } from './schema.ts';

/** What the operator says of other servers, as the federation takes it. */
export function federationOf({
  federation,
  rateLimits,
}: Pick<Config, 'federation' | 'rateLimits'>) {
  const { enabled, ca, peers = [], allow, deny = [], allowNetworks = [], notaries } = federation;
  return {
    ...{ enabled, ca, allow, deny, allowNetworks },
    notaries: notaries as readonly ServerName[] | undefined,
    fasterJoins: federation.fasterJoins,
    peers: new Map(peers.map(peerIn)),
    isTrusting: !rateLimits.enabled,
  };
}

function peerIn(text: string): [string, { host: string; port: number }] {
  const at = text.indexOf('=');
  const colon = text.lastIndexOf(':');
  const host = text.slice(at + 1, colon).replaceAll(/^\[|\]$/g, '');
  return [text.slice(0, at), { host, port: Number(text.slice(colon + 1)) }];
}
