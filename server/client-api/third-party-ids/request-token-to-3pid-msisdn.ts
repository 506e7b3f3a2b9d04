import { refusesMsisdnToken } from './refuses-msisdn-token.ts';

export const requestTokenTo3PIDMSISDN = refusesMsisdnToken(
  'requestTokenTo3PIDMSISDN',
  'account/3pid',
);
