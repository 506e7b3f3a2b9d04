import { AtOnce } from '../../log/at-once.ts';
import { type RoomAlias, type ServerName, serverNameOf } from '../../protocol/identifiers.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';
import type { OtherServers } from './other-servers.ts';
import { tryServers } from './try-servers.ts';

type Found = Awaited<ReturnType<OtherServers['resolveAlias']>>;

/** Each is a question that another server has ten seconds for, and that anybody may have asked. */
export const OF_SERVER_MAX = 4;
export const OF_ALL_MAX = 32;
const RETRY_MS = 5_000;

/** What rooms the aliases of other servers are. Who asks for what is asked for already waits for that. */
export class AliasesElsewhere {
  readonly #servers: Pick<OtherServers, 'resolveAlias'>;
  readonly #asked = new Map<RoomAlias, Promise<Found>>();
  readonly #places = new AtOnce<ServerName>({ all: OF_ALL_MAX, ofOne: OF_SERVER_MAX });

  constructor(servers: Pick<OtherServers, 'resolveAlias'>) {
    this.#servers = servers;
  }

  /** Throws M_LIMIT_EXCEEDED where too many are asked for, and answers 502 for a server that cannot be asked. */
  resolve(alias: RoomAlias): Promise<Found> {
    const before = this.#asked.get(alias);
    if (before) return before;
    const server = serverNameOf(alias);
    const giveBack = this.#places.take(server);
    if (!giveBack) return Promise.reject(limitExceeded(RETRY_MS));
    const asking = tryServers([server], () => this.#servers.resolveAlias(alias));
    const counted = asking.finally(() => {
      this.#asked.delete(alias);
      giveBack();
    });
    this.#asked.set(alias, counted);
    return counted;
  }
}
