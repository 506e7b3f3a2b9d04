import type { Features } from './features.ts';
import type { HousePorts } from './house-ports.ts';
import type { Gate } from './http/gate.ts';
import type { Log } from './log/log.ts';

export interface GateOptions
  extends Pick<Gate<HousePorts>, 'logger' | 'onAnswered' | 'behindFront' | 'outcomes'> {
  readonly log: Log;
}

/** What stands between a request and its endpoint. */
export function gateOf(
  { accounts }: Features,
  ports: HousePorts,
  { log, ...options }: GateOptions,
): Gate<HousePorts> {
  return {
    ...options,
    ports,
    authenticate: accounts.authenticate,
    appServices: ports.appServices,
    servers: ports.serverRequests,
    interact: accounts.interact,
    rateLimits: ports.rateLimits,
    mayAnswer: () => log.mayAnswer(),
  };
}
