import { pingAppservice } from './ping-appservice.ts';

export const appServiceEndpoints = [pingAppservice];
