/* `sluis incident report`. */
#ifndef TOOL_INCIDENT_REPORT_H
#define TOOL_INCIDENT_REPORT_H

/* incident_report_main - argv[0] is "report"; the exit status */
int incident_report_main(int argc, char **argv, const char *usage);

#endif
