import { isIP } from 'node:net';

interface Fencing {
  readonly witness: boolean;
  readonly peers?:
    | {
        readonly sites: Readonly<Record<string, string>>;
        readonly failsafe: boolean;
        readonly thirdFence: boolean;
      }
    | undefined;
  readonly patroni?: { readonly postgres?: object | undefined } | undefined;
}

/** Where the third fence would not hold, or could never help (docs/third-fence.md), by the key that is wrong. */
export function reasonsNotToFence({ witness, peers, patroni }: Fencing) {
  if (!peers?.thirdFence) return [];
  const { sites, failsafe } = peers;
  const own = ['peers', 'thirdFence'];
  const byName = Object.keys(sites).filter((site) => !isByAddress(sites[site]!));
  return [
    ...(Object.keys(sites).length < 2 ? [{ path: own, message: TWO_SITES }] : []),
    ...(failsafe ? [{ path: own, message: FAILSAFE }] : []),
    ...byName.map((site) => ({ path: ['peers', 'sites', site], message: BY_NAME })),
    ...(!witness && patroni?.postgres === undefined
      ? [{ path: ['patroni', 'postgres'], message: 'is missing: `peers.thirdFence` needs it' }]
      : []),
  ];
}

const TWO_SITES =
  'needs three sites, or two and a witness: of two alone neither can tell that the other is lost';
const FAILSAFE =
  'is not proved with real databases together with `failsafe`: switch one of them off, at every site';
const BY_NAME =
  'must be by its address: by a name `thirdFence` would turn away whatever that leads to then';

function isByAddress(url: string): boolean {
  const { hostname } = new URL(url);
  return isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
}
