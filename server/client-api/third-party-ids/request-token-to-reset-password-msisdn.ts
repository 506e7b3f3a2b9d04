import { refusesMsisdnToken } from './refuses-msisdn-token.ts';

export const requestTokenToResetPasswordMSISDN = refusesMsisdnToken(
  'requestTokenToResetPasswordMSISDN',
  'account/password',
);
