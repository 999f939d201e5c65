# What the three lying agents share: the fence agent API by stdin and by argv, and ipmitool.
# Sourced, not run. Options end up in $action $ip $ipport $username $password.

metadata() {
	cat <<XML
<?xml version="1.0" ?>
<resource-agent name="$(basename "$0")" shortdesc="An agent that lies, to see whether it is caught">
<longdesc>A test fixture.</longdesc>
<vendor-url></vendor-url>
<parameters>
<parameter name="action" unique="0" required="1"><getopt mixed="-o, --action=[action]" /><content type="string" default="off" /><shortdesc lang="en">Action</shortdesc></parameter>
<parameter name="ip" unique="0" required="1"><getopt mixed="-a, --ip=[ip]" /><content type="string" /><shortdesc lang="en">Address</shortdesc></parameter>
<parameter name="ipport" unique="0" required="0"><getopt mixed="-u, --ipport=[port]" /><content type="integer" default="623" /><shortdesc lang="en">Port</shortdesc></parameter>
<parameter name="username" unique="0" required="1"><getopt mixed="-l, --username=[name]" /><content type="string" /><shortdesc lang="en">User</shortdesc></parameter>
<parameter name="password" unique="0" required="0"><getopt mixed="-p, --password=[password]" /><content type="string" /><shortdesc lang="en">Password</shortdesc></parameter>
<parameter name="password_script" unique="0" required="0"><getopt mixed="-S, --password-script=[script]" /><content type="string" /><shortdesc lang="en">Script that prints the password</shortdesc></parameter>
<parameter name="power_timeout" unique="0" required="0"><getopt mixed="--power-timeout=[seconds]" /><content type="second" default="20" /><shortdesc lang="en">Seconds until the plug must have changed</shortdesc></parameter>
</parameters>
<actions><action name="off" /><action name="status" /><action name="monitor" /><action name="metadata" /></actions>
</resource-agent>
XML
}

# key value
option() {
	case $1 in
	action | ip | ipport | username | password) eval "$1=\$2" ;;
	password_script) password=$("$2") ;;
	esac
}

action=off ipport=623 password=
if [ $# -gt 0 ]; then
	for word in "$@"; do
		key=${word%%=*}
		option "$(printf '%s' "${key#--}" | tr - _)" "${word#*=}"
	done
else
	while IFS='=' read -r key value; do option "$key" "$value"; done
fi
if [ "$action" = metadata ]; then
	metadata
	exit 0
fi

# ipmitool at $1 with the words that follow; the password goes by the environment, never by argument.
ipmi() {
	host=$1
	shift
	IPMI_PASSWORD=$password ipmitool -I lanplus -C 3 -N 1 -R 2 -H "$host" -p "$ipport" -U "$username" -E "$@" 2>&1
}

# The state of the plug at $1: on, off or nothing.
power() {
	case $(ipmi "$1" chassis power status) in
	*"Power is on"*) echo on ;;
	*"Power is off"*) echo off ;;
	esac
}

# exit code of status for a state
status_of() {
	case $1 in
	on) exit 0 ;;
	off) exit 2 ;;
	*) exit 1 ;;
	esac
}

# Waits until the plug at $1 is off, for at most $2 polls.
await_off() {
	polls=$2
	while [ "$polls" -gt 0 ]; do
		[ "$(power "$1")" = off ] && return 0
		polls=$((polls - 1))
		sleep 1
	done
	return 1
}
