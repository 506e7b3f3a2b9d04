import { searchEvents } from './search.ts';

export const searchEndpoints = [searchEvents];
