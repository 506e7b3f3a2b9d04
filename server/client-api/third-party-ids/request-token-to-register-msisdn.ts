import { refusesMsisdnToken } from './refuses-tokens.ts';

export const requestTokenToRegisterMSISDN = refusesMsisdnToken(
  'requestTokenToRegisterMSISDN',
  'register',
);
