import { describeConformance } from './describe.ts';

describeConformance('trading');
