import type { ServerName } from '../../protocol/identifiers.ts';

/** The steps from a name to an answer, in their order. */
export type Step = 'admission' | 'table' | 'well_known' | 'srv' | 'connection' | 'keys' | 'request';

/** `none`: it says nothing, and the discovery goes on without. */
export type Result = 'well' | 'none' | 'failed';

/** The operator of this server, or of the other one. */
export type Party = 'this_server' | 'other_server';

export interface Finding {
  readonly step: Step;
  readonly result: Result;
  readonly said: string;
  /** Of what failed: who must do what. */
  readonly must?: { readonly who: Party; readonly what: string };
}

/** How far one comes on the way to a server. */
export interface Examined {
  readonly server: ServerName;
  readonly findings: readonly Finding[];
  /** The first for which it is not reached, or does not take our word. */
  readonly failed: Finding | undefined;
}
