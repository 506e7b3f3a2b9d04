import { refusesMsisdnToken } from './refuses-tokens.ts';

export const requestTokenToResetPasswordMSISDN = refusesMsisdnToken(
  'requestTokenToResetPasswordMSISDN',
  'account/password',
);
