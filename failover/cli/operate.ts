import { Client } from 'undici';
import { socketOf } from '../sockets.ts';
import type { Plan, PromotionPlan, RecoveryOrder } from '../status/recovery.ts';
import type { Status } from '../status/status.ts';

/** What an operator may ask of the agent of this machine. Each returns what to print. */
export interface Operator {
  status(): Promise<Status>;
  switchover(to: string | null): Promise<string>;
  pause(minutes: number): Promise<string>;
  recovery(to: string | null): Promise<Plan>;
  promotion(): Promise<PromotionPlan>;
  recover(order: RecoveryOrder): Promise<string>;
  /** What stays of each order to recover. */
  recoveries(): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** Patroni answers a switchover when it is over; a checkpoint may come first. */
const ANSWER_WITHIN_MS = 70_000;

export function operate(runtimeDir: string): Operator {
  const path = socketOf(runtimeDir, 'agent');
  const client = new Client('http://agent', { socketPath: path });
  const ask = async (method: 'GET' | 'POST', path_: string, body?: object): Promise<unknown> => {
    const answer = await client.request({
      path: path_,
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      headersTimeout: ANSWER_WITHIN_MS,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return answer.body.json();
  };
  const order = async (what: string, body: object): Promise<string> => {
    const answer = (await ask('POST', what, body)) as {
      accepted?: boolean;
      text?: string;
      error?: string;
    };
    if (answer.accepted) return answer.text ?? '';
    throw new Error(answer.text ?? answer.error ?? 'the agent refused and said nothing');
  };
  const status = async () => (await ask('GET', '/v1/status')) as Status;
  return {
    status,
    switchover: (to) => order('/v1/switchover', { to }),
    pause: (minutes) => order('/v1/pause', { forMs: Math.round(minutes * 60_000) }),
    recovery: async (to) => {
      const query = to === null ? '' : `?${new URLSearchParams({ to })}`;
      return (await ask('GET', `/v1/recovery${query}`)) as Plan;
    },
    promotion: async () => (await ask('GET', '/v1/promotion')) as PromotionPlan,
    recover: (recovery) => order('/v1/recover', recovery),
    recoveries: async () => (await ask('GET', '/v1/recoveries')) as unknown[],
    close: () => client.destroy(),
  };
}
