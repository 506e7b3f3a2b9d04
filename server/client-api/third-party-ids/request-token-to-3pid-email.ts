import { refusesEmailToken } from './refuses-tokens.ts';

export const requestTokenTo3PIDEmail = refusesEmailToken('requestTokenTo3PIDEmail', 'account/3pid');
