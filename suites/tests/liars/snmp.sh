# What the lying agents for SNMP share: the fence agent API by stdin and by argv, and net-snmp's tools.
# Sourced, not run. Options end up in $action $ip $ipport $community $plug (several: joined by commas).

metadata() {
	cat <<XML
<?xml version="1.0" ?>
<resource-agent name="$(basename "$0")" shortdesc="An agent that lies, to see whether it is caught">
<longdesc>A test fixture.</longdesc>
<vendor-url></vendor-url>
<parameters>
<parameter name="action" unique="0" required="1"><getopt mixed="-o, --action=[action]" /><content type="string" default="off" /><shortdesc lang="en">Action</shortdesc></parameter>
<parameter name="ip" unique="0" required="1"><getopt mixed="-a, --ip=[ip]" /><content type="string" /><shortdesc lang="en">Address</shortdesc></parameter>
<parameter name="ipport" unique="0" required="0"><getopt mixed="-u, --ipport=[port]" /><content type="integer" default="161" /><shortdesc lang="en">Port</shortdesc></parameter>
<parameter name="community" unique="0" required="0"><getopt mixed="-c, --community=[community]" /><content type="string" default="private" /><shortdesc lang="en">Community</shortdesc></parameter>
<parameter name="snmp_version" unique="0" required="0"><getopt mixed="-d, --snmp-version=[version]" /><content type="select" default="2c"><option value="2c" /></content><shortdesc lang="en">Version</shortdesc></parameter>
<parameter name="plug" unique="0" required="1"><getopt mixed="-n, --plug=[id]" /><content type="string" /><shortdesc lang="en">Outlet</shortdesc></parameter>
<parameter name="plug_separator" unique="0" required="0"><getopt mixed="--plug-separator=[char]" /><content type="string" default="," /><shortdesc lang="en">Between plugs</shortdesc></parameter>
<parameter name="power_timeout" unique="0" required="0"><getopt mixed="--power-timeout=[seconds]" /><content type="second" default="20" /><shortdesc lang="en">Seconds until the plug must have changed</shortdesc></parameter>
</parameters>
<actions><action name="on" /><action name="off" /><action name="reboot" /><action name="status" /><action name="monitor" /><action name="metadata" /></actions>
</resource-agent>
XML
}

# key value
option() {
	case $1 in
	action | ip | ipport | community | plug) eval "$1=\$2" ;;
	esac
}

action=off ipport=161 community=private plug=
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

# The community goes by a file of net-snmp's, never by argument.
export SNMPCONFPATH=$PWD
printf 'defVersion 2c\ndefCommunity %s\n' "$community" >snmp.conf

# Outlet $1 of an APC MasterSwitch (PowerNet-MIB, sPDUOutletCtl): 1 on, 2 off, 4 unknown. An error is printed as nothing.
look() {
	snmpget -m '' -Oqv -t 1 -r 1 "$ip:$ipport" "1.3.6.1.4.1.318.1.1.4.4.2.1.3.$1" 2>/dev/null
}

# outlet code
order() {
	snmpset -m '' -Oqv -t 1 -r 1 "$ip:$ipport" "1.3.6.1.4.1.318.1.1.4.4.2.1.3.$1" i "$2" >/dev/null 2>&1
}

# Waits until outlet $1 shows code $2, for at most $3 looks.
await() {
	looks=$3
	while [ "$looks" -gt 0 ]; do
		[ "$(look "$1")" = "$2" ] && return 0
		looks=$((looks - 1))
		sleep 1
	done
	return 1
}

# Status of outlet $1, told honestly.
status_of() {
	case $(look "$1") in
	1) exit 0 ;;
	2) exit 2 ;;
	*) exit 1 ;;
	esac
}
