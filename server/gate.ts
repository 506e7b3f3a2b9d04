import type { Features } from './features.ts';
import type { HousePorts } from './house-ports.ts';
import type { Gate } from './http/gate.ts';
import type { Log } from './log/log.ts';
import { OutcomeStore, type Seal } from './log/outcome-store.ts';
import type { Stored } from './log/stored.ts';

export interface GateOptions
  extends Pick<Gate<HousePorts>, 'logger' | 'onAnswered' | 'behindFront'> {
  readonly log: Log;
  readonly lookUps: Stored['lookUps'];
  /** Hides the outcomes that hold tokens. */
  readonly seal: Seal;
}

/** What stands between a request and its endpoint. */
export function gateOf(
  { accounts }: Features,
  ports: HousePorts,
  { log, lookUps, seal, ...options }: GateOptions,
): Gate<HousePorts> {
  return {
    ...options,
    ports,
    authenticate: accounts.authenticate,
    appServices: ports.appServices,
    servers: ports.serverRequests,
    interact: accounts.interact,
    rateLimits: ports.rateLimits,
    outcomes: new OutcomeStore({ database: lookUps, seal, log }),
    mayAnswer: () => log.mayAnswer(),
  };
}
