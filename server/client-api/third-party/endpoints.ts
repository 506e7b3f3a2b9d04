import { getProtocols } from './get-protocols.ts';

export const thirdPartyEndpoints = [getProtocols];
