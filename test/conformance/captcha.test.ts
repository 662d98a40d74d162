import { describeConformance } from './describe.ts';

describeConformance('captcha');
