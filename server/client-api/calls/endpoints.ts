import { getRtcTransports } from './get-rtc-transports.ts';
import { getTurnServer } from './get-turn-server.ts';

export const callEndpoints = [getTurnServer, getRtcTransports];
