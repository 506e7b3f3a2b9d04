export { isLate, isLossy, isSick } from '../core/links.ts';
