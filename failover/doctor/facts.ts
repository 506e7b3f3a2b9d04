import type { Status } from '../status/status.ts';

/** What was seen on the walk from the name to the write, each by a look of its own; nothing is judged here. */
export interface Facts {
  readonly site: string;
  /** Null where this machine does not say which name it serves, as a witness. */
  readonly name: PublicName | null;
  /** What the name's host leads to; null where there is no name. */
  readonly resolved: Resolved | null;
  /** The floating addresses, without their prefixes. */
  readonly addresses: readonly string[];
  /** Whoever answers at the addresses and at what the name leads to. */
  readonly doors: readonly Door[];
  /** What the server name tells clients; null where there is no name. */
  readonly wellKnown: WellKnown | null;
  readonly agent: AskedAgent;
  readonly clock: Clock;
  readonly disks: readonly Disk[];
  /** A UPS is configured for this site. */
  readonly hasUps: boolean;
  /** Since 1970. */
  readonly nowMs: number;
}

export interface PublicName {
  readonly serverName: string;
  /** Where clients are to reach it. */
  readonly publicUrl: string;
}

export type Resolved =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'nothing'; readonly why: string };

export type Door = ShutDoor | OpenDoor;

export interface ShutDoor {
  readonly kind: 'shut';
  readonly address: string;
  readonly why: string;
}

export interface OpenDoor {
  readonly kind: 'open';
  readonly address: string;
  readonly certificate: ShownCertificate;
  /** To GET /_matrix/client/versions. */
  readonly versions: Answer;
  /** What its own /.well-known/matrix/client says; null where it says nothing. */
  readonly baseUrl: string | null;
}

export interface ShownCertificate {
  /** Of the host that clients ask for. */
  readonly coversName: boolean;
  readonly fromMs: number;
  readonly untilMs: number;
  /** An authority that everybody trusts, that of the cluster, or one that neither is. */
  readonly signedBy: 'public' | 'cluster' | 'stranger';
}

export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly tookMs: number }
  | { readonly kind: 'silence'; readonly why: string };

export type WellKnown =
  | { readonly kind: 'told'; readonly baseUrl: string }
  | { readonly kind: 'none'; readonly status: number }
  | { readonly kind: 'silence'; readonly why: string };

export type AskedAgent =
  | { readonly kind: 'told'; readonly status: Status }
  | { readonly kind: 'silence'; readonly why: string };

export interface Clock {
  /** By the kernel's own word; null where that is not to be had, as in a container. */
  readonly synchronized: boolean | null;
  /** How far this clock is ahead of those of etcd's members; who does not answer is left out. */
  readonly ahead: readonly { readonly member: string; readonly ms: number }[];
}

export interface Disk {
  readonly path: string;
  readonly freeBytes: number;
  readonly bytes: number;
  /** Of its places for files; 1 where it does not count them. */
  readonly freeFiles: number;
  readonly readOnly: boolean;
}
