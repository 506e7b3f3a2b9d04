import type { Body } from './body.ts';
import type { Gone } from './gone.ts';
import type { ClientHeaders } from './headers.ts';
import type { Taker } from './shares.ts';

/** One client request on its way, whole: it may be sent to more than one writer before it is answered. */
export interface Carried {
  readonly id: string;
  /** Grows with each request of this front: what "in order" means. */
  readonly arrival: number;
  readonly arrivedAtMs: number;
  readonly method: string;
  readonly url: string;
  readonly headers: ClientHeaders;
  readonly body: Body;
  readonly device: string | undefined;
  readonly taker: Taker;
  readonly clientAddress: string;
  /** It came in through the floating address. */
  readonly throughAddress: boolean;
  readonly gone: Pick<Gone, 'is' | 'signal' | 'onGone'>;
}
