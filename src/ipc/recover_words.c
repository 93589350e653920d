/* Names of steps and gates, and what a step is made of. */
#include "ipc/recover_words.h"

static const struct recover_step_row {
	struct view name;
	uint16_t mask;
} recover_steps[RECOVER_STEPS] = {
	[RECOVER_NONE] = { VIEW_INIT("none"), 0 },
	[RECOVER_CLOSED] = { VIEW_INIT("closed"), LEVEL_BIT(LEVEL_CLOSED) },
	[RECOVER_READ_ONLY] = { VIEW_INIT("read_only"),
				LEVEL_BIT(LEVEL_READ_ONLY) | LEVEL_BIT(LEVEL_OFFICE_ONLY) },
	[RECOVER_OFFICE_ONLY] = { VIEW_INIT("office_only"), LEVEL_BIT(LEVEL_OFFICE_ONLY) },
	[RECOVER_PILOT] = { VIEW_INIT("pilot"), LEVEL_BIT(LEVEL_PILOT_RETURN) },
	[RECOVER_OPEN] = { VIEW_INIT("open"), 0 },
};

static const struct recover_gate_row {
	struct view name, text;
} recover_gates[RECOVER_GATES] = {
	[RECOVER_NEEDS] = { VIEW_INIT("needs"), VIEW_INIT("what it needs is there already") },
	[RECOVER_SOAK] = { VIEW_INIT("soak"), VIEW_INIT("this step has held long enough") },
	[RECOVER_SERVERS] = { VIEW_INIT("servers"), VIEW_INIT("its servers are healthy") },
	[RECOVER_SESSIONS] = { VIEW_INIT("sessions"),
			       VIEW_INIT("no session is from before the incident") },
	[RECOVER_KEYS] = { VIEW_INIT("keys"),
			   VIEW_INIT("certificates and keys are newer than the incident") },
	[RECOVER_ALARMS] = { VIEW_INIT("alarms"), VIEW_INIT("no alarm is open") },
	[RECOVER_AUDIT] = { VIEW_INIT("audit"), VIEW_INIT("the audit log is unbroken") },
	[RECOVER_PROGRAMS] = { VIEW_INIT("programs"), VIEW_INIT("programs match their manifest") },
};

struct view recover_step_name(enum recover_step step)
{
	return (unsigned)step < RECOVER_STEPS ? recover_steps[step].name : VIEW("?");
}

uint16_t recover_step_mask(enum recover_step step)
{
	return (unsigned)step < RECOVER_STEPS && step != RECOVER_NONE ? recover_steps[step].mask
								      : LEVEL_BIT(LEVEL_CLOSED);
}

struct view recover_gate_name(enum recover_gate gate)
{
	return (unsigned)gate < RECOVER_GATES && gate ? recover_gates[gate].name : VIEW("?");
}

struct view recover_gate_text(enum recover_gate gate)
{
	return (unsigned)gate < RECOVER_GATES && gate ? recover_gates[gate].text : VIEW("?");
}
