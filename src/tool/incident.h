/* `sluis incident`: the record of an incident, and its reports. */
#ifndef TOOL_INCIDENT_H
#define TOOL_INCIDENT_H

/* incident_main - the exit status */
int incident_main(int argc, char **argv);

#endif
