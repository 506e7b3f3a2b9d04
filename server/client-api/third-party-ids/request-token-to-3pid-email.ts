import { requestsEmailToken } from './request-email-token.ts';

export const requestTokenTo3PIDEmail = requestsEmailToken(
  'requestTokenTo3PIDEmail',
  'account/3pid',
  'add',
);
