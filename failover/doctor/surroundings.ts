import { readFileSync } from 'node:fs';
import type { IdentityFiles, Pem } from '../certificates/identity.ts';
import type { Surroundings } from './look/look.ts';
import { publicNameOf } from './look/name.ts';

/** What is needed of a site's failover.yml. */
export interface Configured {
  readonly site: string;
  readonly runtimeDir: string;
  readonly tls?: Required<IdentityFiles> | undefined;
  readonly etcd: { readonly endpoints: readonly string[] };
  readonly patroni?: { readonly postgres?: { readonly dataDir: string } | undefined } | undefined;
  readonly addresses: readonly { readonly driver: string; readonly address: string }[];
  readonly front?:
    | { readonly listen: string; readonly hold: { readonly diskFolder: string } }
    | undefined;
  readonly power?: object | undefined;
}

export interface Asked {
  /** Where the configuration was read. */
  readonly file: string;
  /** The server name, as told by hand. */
  readonly name: string | undefined;
}

/** Where Debian's packages have the data of etcd, and the journal. */
const SYSTEM_FOLDERS = ['/var/lib/etcd', '/var/log'];

export function surroundingsOf(config: Configured, { file, name }: Asked): Surroundings {
  const { site, runtimeDir, tls, etcd, patroni, addresses, front, power } = config;
  const folders = [patroni?.postgres?.dataDir, ...SYSTEM_FOLDERS, front?.hold.diskFolder];
  return {
    site,
    runtimeDir,
    name: publicNameOf(file, name),
    // What a name is made to lead to is no address of the cluster: each site has its own.
    addresses: addresses
      .filter(({ driver }) => driver !== 'dns')
      .map(({ address }) => address.replace(/\/.*$/, '')),
    port: Number(/\d+$/.exec(front?.listen ?? '')?.[0] ?? 443),
    etcd: etcd.endpoints,
    pem: tls && readable(tls),
    folders: folders.filter((folder) => folder !== undefined),
    hasUps: power !== undefined,
  };
}

/** Who may not read them is told by the agent's socket, too, that he lacks the right. */
function readable({ ca, certificate, key }: Required<IdentityFiles>): Pem | undefined {
  try {
    return { ca: readFileSync(ca), cert: readFileSync(certificate), key: readFileSync(key) };
  } catch {
    return undefined;
  }
}
