import { getProtocols } from './get-protocols.ts';
import { getTurnServer } from './get-turn-server.ts';

export const thirdPartyEndpoints = [getProtocols, getTurnServer];
