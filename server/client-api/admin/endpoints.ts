import { getWhoIs } from './get-who-is.ts';

export const adminEndpoints = [getWhoIs];
