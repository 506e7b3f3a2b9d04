import { refusesMsisdnToken } from './refuses-msisdn-token.ts';

export const requestTokenToRegisterMSISDN = refusesMsisdnToken(
  'requestTokenToRegisterMSISDN',
  'register',
);
