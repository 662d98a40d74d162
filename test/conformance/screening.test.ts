import { describeConformance } from './describe.ts';

describeConformance('screening');
