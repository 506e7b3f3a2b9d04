import type { EffectOf } from '../../effects.ts';
import type { Site } from '../../view.ts';
import type { Blocking } from '../blocking.ts';
import type { Etcd } from '../etcd.ts';
import type { Exclusion } from '../exclusion.ts';
import type { Patroni } from '../patroni/patroni.ts';
import type { PeerWire } from '../peer-wire.ts';
import type { Postgres } from '../postgres.ts';
import type { Server } from '../server.ts';

export type Answer = Pick<EffectOf<'answer'>, 'accepted' | 'text'>;

/** What stands around an agent, here and at the other sites. */
export interface Machines {
  readonly etcd: Etcd;
  readonly patroni: Patroni | null;
  /** Any member takes a wish for a switchover and passes it on. */
  readonly patroniOf: (site: Site) => Patroni | undefined;
  readonly postgres: Postgres | null;
  readonly postgresOf: (site: Site) => Postgres | undefined;
  readonly server: Server | null;
  readonly peers: PeerWire;
  /** With the promotion of its own site. */
  readonly exclusion: Exclusion;
  /** Null on a witness, and for another machine of a site's name. */
  readonly blocking: Blocking | null;
  readonly answered: (answer: Answer) => void;
  readonly addressChanged: () => void;
}
